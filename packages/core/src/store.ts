/** Names one state of a row; it changes with every write. */
export type Version = string;

/**
 * Rows of one kind. The key of a tenant's rows holds the workspace, so that leaving it out does not compile;
 * rows that belong to a server, such as era verdicts, have a key type of their own.
 */
export interface Slice<K, V> {
  get(key: K): Promise<{ readonly value: V; readonly version: Version } | undefined>;
  /** Writes if the row still has `ifVersion` (`null`: does not exist); throws `STORE_CONFLICT` otherwise. */
  put(key: K, value: V, options: { readonly ifVersion: Version | null }): Promise<Version>;
  delete(key: K, options?: { readonly ifVersion?: Version }): Promise<void>;
}
