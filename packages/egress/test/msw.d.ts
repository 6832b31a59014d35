/** What the tests use of msw, whose own declarations need the DOM's types, which this repository does not load. */
export interface Handler {
  readonly kind: "handler";
}
export declare const http: {
  post(url: string, answer: (info: { readonly request: Request }) => Response | Promise<Response>): Handler;
};
export declare const HttpResponse: {
  new (body: string | null, init?: ResponseInit): Response;
  text(body: string | null, init?: ResponseInit): Response;
};
export declare function setupServer(): {
  listen(options: { readonly onUnhandledFrame: "error" }): void;
  use(...handlers: readonly Handler[]): void;
  resetHandlers(): void;
  close(): void;
};
