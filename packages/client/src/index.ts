import "@tenantry/core";
import "@tenantry/egress";
import "@tenantry/process";
import "@modelcontextprotocol/client";
import "eventsource-parser";
export {};
