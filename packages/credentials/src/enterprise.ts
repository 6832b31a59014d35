// What an enterprise decides for its users.
export { enterpriseManaged } from "./enterprise/enterprise-managed.ts";
export type { EnterpriseManagedOptions, IdentityProvider } from "./enterprise/enterprise-managed.ts";
export { tokenExchange } from "./enterprise/token-exchange.ts";
export type { TokenExchangeOptions } from "./enterprise/token-exchange.ts";
export { workloadIdentity } from "./enterprise/workload-identity.ts";
export type { WorkloadIdentityOptions } from "./enterprise/workload-identity.ts";
