/**
 * Whether two parts of a configuration say the same, as written or as read.
 * Invariant: the order of keys does not matter, that of a list does; of what can be called nothing is held
 * against another, since it is made anew whenever a file is read.
 */
export function isAlike(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (typeof left === 'function') return typeof right === 'function'
  if (!isHolder(left) || !isHolder(right) || Array.isArray(left) !== Array.isArray(right))
    return false
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every(
    (key) => Object.hasOwn(right, key) && isAlike(Reflect.get(left, key), Reflect.get(right, key)),
  )
}

function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
