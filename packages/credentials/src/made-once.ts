/** Makes something of an object when it is first asked for, and gives that for as long as the object lives. */
export function madeOnce<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const made = new WeakMap<K, V>();
  return (of) => {
    const known = made.get(of);
    if (known !== undefined) return known;
    const next = make(of);
    made.set(of, next);
    return next;
  };
}
