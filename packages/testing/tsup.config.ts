import { library } from "../../tsup.base.ts";

const config = library();

// The stdio servers are started by their paths and never imported, so they are built but not exported.
export default { ...config, entry: [...config.entry, "src/stdio-server.ts", "src/hostile-stdio.ts"] };
