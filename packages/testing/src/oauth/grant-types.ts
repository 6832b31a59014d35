/** The grants of RFC 6749, and those of RFC 8693 and RFC 7523 that MCP's enterprise-managed authorization is made of. */
export const grantTypes = Object.freeze([
  "authorization_code",
  "refresh_token",
  "client_credentials",
  "urn:ietf:params:oauth:grant-type:token-exchange",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
] as const);

/** One of the grants that a token request can name. */
export type GrantType = (typeof grantTypes)[number];
