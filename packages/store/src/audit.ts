import type { AuditEntry, AuditLog, PageOptions } from "@tenantry/core";
import type { Engine, EntrySelection, StoredEntry } from "./engine.ts";
import { invalid } from "./failure.ts";
import { cursorOf, limitOf, placeOf } from "./page.ts";
import { checkText, decodeText, encodeText } from "./text.ts";
import { decodeValue, encodeValue } from "./value.ts";

/** The most that the workspace, the user and the action of an entry may have each, in characters. */
const maxLength = 256;

/** The most that the detail of an entry may take, in bytes. */
const maxDetailBytes = 65_536;

/** The audit of an engine; it checks what it is given before anything is sent. */
export function auditOf(engine: Engine): AuditLog {
  return Object.freeze({
    append: async (entry: AuditEntry) => {
      const { workspace, user, at, action, detail } = entry ?? {};
      if (!Number.isSafeInteger(at))
        throw invalid("at is a whole number of milliseconds since the Unix epoch.");
      const named = {
        workspace: encode(workspace, "the workspace"),
        at,
        action: encode(action, "the action"),
      };
      const owned = user === undefined ? named : { ...named, user: encode(user, "the user") };
      await engine.append(owned as StoredEntry["entry"], encodeValue(detail, maxDetailBytes));
    },
    list: async (within: Parameters<AuditLog["list"]>[0], options: PageOptions = {}) => {
      const selection = selectionOf(within);
      const list = ["audit", selection.workspace, selection.user ?? null];
      const isPlace = (place: readonly unknown[]) => place.length === 1 && Number.isSafeInteger(place[0]);
      const after = placeOf<readonly [number]>(list, options.after, isPlace)?.[0];
      const { rows, more } = await engine.entries(selection, { after, limit: limitOf(options) });
      const last = rows.at(-1);
      return { rows: rows.map(entryOf), ...(more && last && { next: cursorOf(list, [last.place]) }) };
    },
  });
}

function selectionOf(within: Parameters<AuditLog["list"]>[0]): EntrySelection {
  const given = within ?? {};
  const { workspace, user } = given;
  // One that is there and `undefined` would show everybody's entries where one person's were meant.
  if (user === undefined && Object.hasOwn(given, "user"))
    throw invalid("The user is undefined; leave it out.");
  return {
    workspace: encode(workspace, "the workspace"),
    user: user === undefined ? undefined : encode(user, "the user"),
  };
}

function entryOf({ entry, detail }: StoredEntry): AuditEntry {
  const { workspace, user, at, action } = entry;
  return {
    workspace: decodeText(workspace) as AuditEntry["workspace"],
    ...(user !== undefined && { user: decodeText(user) as NonNullable<AuditEntry["user"]> }),
    at,
    action: decodeText(action),
    detail: decodeValue(detail) as AuditEntry["detail"],
  };
}

function encode(value: unknown, what: string): string {
  const text = checkText(value, what);
  if (text === "") throw invalid(`Give ${what}; it is empty.`);
  if (text.length > maxLength) throw invalid(`Shorten ${what}: it has more than ${maxLength} characters.`);
  return encodeText(text);
}
