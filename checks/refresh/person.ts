/** Who calls in every host: one person, whose grant all hosts share. */
export const person = Object.freeze({ workspace: "acme", user: "ada", login: "ada-at-mail" });

/** Where the hosts say that people come back to; nobody listens there, because callbacks are carried by hand. */
export const callbackBase = "http://127.0.0.1:1/app";
