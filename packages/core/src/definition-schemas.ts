import { z } from "zod";
import type { CredentialSource } from "./credential.ts";
import type { InProcessServer } from "./server-definition.ts";

const serverUrlExpected =
  "expected a whole http or https URL without user name, password, fragment, backslash or control character";

/** The schema of each kind of definition that is plain data, by the key that tells it apart. */
export const plainSchemas = Object.freeze({
  url: z.strictObject({ ...plainOptions(), ...remoteFields() }),
  command: z.strictObject({ ...plainOptions(), ...hostedFields() }),
  upstreams: z.strictObject({ ...plainOptions(), ...switchedFields() }),
});

/** A definition that comes from a file or a network: plain data, and nothing that it does not know. */
export const serverDefinitionSchema = z.union([
  plainSchemas.url,
  plainSchemas.command,
  plainSchemas.upstreams,
]);

/** The schema of each kind of definition that the host's own code writes, by the key that tells it apart. */
export const codeSchemas = Object.freeze({
  url: z.strictObject({
    ...codeOptions(),
    ...remoteFields(),
    url: z.custom<string | URL>(isServerUrl, serverUrlExpected),
  }),
  command: z.strictObject({ ...codeOptions(), ...hostedFields() }),
  connect: z.strictObject({
    ...codeOptions(),
    connect: z.custom<InProcessServer["connect"]>(
      (value) => typeof value === "function",
      "expected a function",
    ),
  }),
  upstreams: z.strictObject({ ...codeOptions(), ...switchedFields() }),
});

function plainOptions() {
  return {
    share: z.enum(["user", "workspace", "everyone"]).optional(),
    era: z.enum(["legacy", "modern"]).optional(),
    timeoutMs: z.int().positive().max(86_400_000).optional(),
    credential: z.string("expected the name of a credential source").optional(),
    discovery: z.string('expected "anonymous" or the name of a credential source').optional(),
  };
}

/** The upstreams and the route are checked one by one, each as what it is. */
function switchedFields() {
  const name = z
    .string()
    .regex(/^[\w-]{1,64}$/u, "expected a name of at most 64 characters of [A-Za-z0-9_-]");
  return {
    upstreams: record(
      name,
      z.custom<object>((value) => typeof value === "object" && value !== null),
    ),
    route: z.unknown().optional(),
  };
}

function codeOptions() {
  const source = z.custom<CredentialSource>(
    isSource,
    'expected a credential, such as bearer(fromContext("token"))',
  );
  return {
    ...plainOptions(),
    credential: z
      .union([source, z.array(source).readonly()], "expected a credential or a list of them")
      .optional(),
    discovery: z.union([z.literal("anonymous"), source], 'expected a credential or "anonymous"').optional(),
    trust: z.strictObject({ annotations: z.boolean().optional() }).optional(),
    provenance: z.enum(["code", "foreign"]).optional(),
  };
}

function remoteFields() {
  return {
    url: z.string().refine(isServerUrl, serverUrlExpected),
    headers: record(z.string(), z.string()).optional(),
  };
}

function hostedFields() {
  const text = z.string().refine((value) => !value.includes("\0"), "expected text without NUL characters");
  return {
    command: text.min(1, "expected a command"),
    args: z.array(text).readonly().optional(),
    env: record(
      z.string().regex(/^[^=\0]+$/u, "expected the name of an environment variable"),
      text,
    ).optional(),
    cwd: text.min(1, "expected a folder").optional(),
  };
}

/** A record that refuses the key `__proto__`, which zod would leave out in silence. */
function record<V extends z.ZodType>(key: z.ZodString, value: V) {
  const named = (given: unknown) =>
    typeof given !== "object" || given === null || !Object.hasOwn(given, "__proto__");
  return z.unknown().refine(named, 'expected no key "__proto__"').pipe(z.record(key, value));
}

/** As it must be written: `new URL` mends much, and what it makes of a mistake is not what its reader sees. */
const writtenUrl = /^https?:\/\/[^\s/?#@\\]+(?:[/?][^#\\\p{Cc}]*)?$/iu;

function isServerUrl(value: unknown): boolean {
  if (typeof value === "string" && (!writtenUrl.test(value) || value !== value.trim())) return false;
  if (!(typeof value === "string" || value instanceof URL) || !URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "" && hash === "";
}

function isSource(value: unknown): boolean {
  return typeof value === "object" && value !== null && "bind" in value && typeof value.bind === "function";
}
