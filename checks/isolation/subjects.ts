import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { IsolationSubject } from "@tenantry/testing/isolation";

/** Whose subjects they are; those that are ours must be green throughout. */
export const owners = ["ours", "peers"] as const;
/** One of them. */
export type Owner = (typeof owners)[number];

/** The names of the files below `subjects/`; each exports one `subject`. */
export function subjectsOf(owner: Owner): readonly string[] {
  return readdirSync(join(import.meta.dirname, "subjects", owner)).map((file) => basename(file, ".ts"));
}

/** Loads one of them. */
export async function loadSubject(owner: Owner, name: string): Promise<IsolationSubject> {
  const module = (await import(`./subjects/${owner}/${name}.ts`)) as { readonly subject: IsolationSubject };
  return module.subject;
}
