// Where a value comes from.
export { fromContext, fromEnv, fromStatic } from "./sources.ts";
export { fromFunction } from "./from-function.ts";
export type { ValueFunction, ValueFunctionOptions, ValueFunctionRequest } from "./from-function.ts";
export { fromStore } from "./from-store.ts";
export type { StoredValueOptions } from "./from-store.ts";
export { chain } from "./chain.ts";
export type { ChainLink } from "./chain.ts";
export type { BoundSource, ValueEvent, ValueSource } from "./value-source.ts";

// How it is given to the server.
export { basic, bearer, env, header } from "./shapes.ts";
export type { HeaderOptions, ShapeOptions } from "./shapes.ts";
export { combine } from "./combine.ts";
export type { Shape } from "./shape.ts";

// How it is kept in a store.
export { credentialVault } from "./vault/credential-vault.ts";
export type { CredentialVault, ValueAddress, ValueFacts, VaultOptions } from "./vault/credential-vault.ts";
export { sealWithKeys } from "./sealing/seal-with-keys.ts";
export type { SealingKeys } from "./sealing/seal-with-keys.ts";
export { sealWithKeyService } from "./sealing/seal-with-key-service.ts";
export type {
  KeyService,
  KeyServiceContext,
  KeyServiceLimits,
  KeyServiceOptions,
} from "./sealing/seal-with-key-service.ts";
export { sealedFor } from "./sealing/sealed-row.ts";
export { reseal } from "./sealing/reseal.ts";
export type { ResealOptions, ResealProgress } from "./sealing/reseal.ts";

// What names a secret without telling it.
export { createFingerprint } from "./fingerprint.ts";
