import { secret, TenantryError, type Clock, type CredentialRequest, type Secret } from "@tenantry/core";
import {
  bindSource,
  checkSource,
  textOf,
  watchAll,
  type BoundSource,
  type ValueSource,
} from "./value-source.ts";

/** One source of a chain, with what its failure does: `fail` ends the chain, `fall-through` asks the next source. */
export interface ChainLink {
  readonly source: ValueSource;
  readonly onFailure: "fail" | "fall-through";
}

/**
 * Gives the first value that a source has, in the order of the list. A source without a value passes on to the
 * next; a source that throws fails the chain, unless its link says `fall-through`. Where no source has a value
 * and one has failed, that failure is thrown: trouble never turns into "there is no credential".
 */
export function chain(sources: readonly (ValueSource | ChainLink)[]): ValueSource {
  if (sources.length === 0) {
    throw new TenantryError("CREDENTIAL_INVALID", "chain() has no source; give at least one.");
  }
  const links = sources.map(linkOf);
  return Object.freeze<ValueSource>({
    ...linked(links),
    bind: (dependencies, slot) =>
      linked(links.map((link) => ({ ...link, source: bindSource(link.source, dependencies, slot) }))),
  });
}

/** A link whose source reads. */
interface ReadLink extends Omit<ChainLink, "source"> {
  readonly source: BoundSource;
}

function linked(links: readonly ReadLink[]): BoundSource {
  return Object.freeze<BoundSource>({
    describe: (scope) => links.map(({ source }) => source.describe(scope)).join(", or "),
    read: (request, clock) => readFirst(links, request, clock),
    ...watchAll(links.map(({ source }) => source)),
  });
}

function linkOf(given: ValueSource | ChainLink): ChainLink {
  const isLink = typeof given === "object" && given !== null && "source" in given;
  const link = isLink ? given : { source: given, onFailure: "fail" as const };
  checkSource(link.source, "chain()");
  if (link.onFailure !== "fail" && link.onFailure !== "fall-through") {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      'The onFailure of a link of chain() is "fail" or "fall-through".',
    );
  }
  return { source: link.source, onFailure: link.onFailure };
}

async function readFirst(
  links: readonly ReadLink[],
  request: CredentialRequest,
  clock: Clock,
): Promise<Secret | undefined> {
  const failures: unknown[] = [];
  for (const { source, onFailure } of links) {
    try {
      const text = textOf(await source.read(request, clock));
      if (text !== undefined) return secret(text);
    } catch (failure) {
      // An abort is the caller's wish, not the source's failure.
      request.signal?.throwIfAborted();
      if (onFailure === "fail") throw failure;
      failures.push(failure);
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, "Several sources of a chain failed.");
  if (failures.length === 1) throw failures[0];
  return undefined;
}
