export { storeContract } from "./testing/contract.ts";
export type { StoreCheck, StoreFixture } from "./testing/contract.ts";
