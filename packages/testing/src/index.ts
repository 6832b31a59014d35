import "@tenantry/core";
import "@modelcontextprotocol/server";
import "@modelcontextprotocol/node";
export {};
