import { describeSdk } from "../test/sdk-cases.ts";
import { v1 } from "../test/v1.ts";

describeSdk(v1("1, the newest"));
