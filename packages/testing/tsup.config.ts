import { library } from "../../tsup.base.ts";

const config = library();

// The stdio server is started by its path and never imported, so it is built but not exported.
export default { ...config, entry: [...config.entry, "src/stdio-server.ts"] };
