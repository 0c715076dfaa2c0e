/**
 * What hosts(5) says of a name: it comes before DNS, as with every other program of the machine.
 */
import { isIP } from 'node:net'

/** @param text of a hosts file. @returns the addresses in its order. */
export function addressesInHosts(text: string, name: string): readonly string[] {
  const wanted = name.replace(/\.$/, '').toLowerCase()
  // Some are lists of ten thousands of names, to block advertisements.
  if (!text.toLowerCase().includes(wanted)) return []
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return isIP(address) !== 0 && names.some((each) => each.toLowerCase() === wanted)
      ? [address]
      : []
  })
}
