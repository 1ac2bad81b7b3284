// Moving through a list with the arrow keys.

/** The index after a step through a list of `count` items that wraps round at its ends. */
export const stepThrough = (index: number, step: number, count: number): number =>
  count > 0 ? (index + step + count) % count : index

/** The item `step` after the present one; the first if there is no present one. Undefined beyond the ends. */
export const neighbour = <T>(list: readonly T[], present: T | null, step: number): T | undefined =>
  list[present === null ? 0 : list.indexOf(present) + step]
