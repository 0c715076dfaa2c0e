/** RFC 7692, clause by clause, by whole gateways. */
import { showClauses } from './clause.ts'
import { rfc7692 } from './clauses.ts'

showClauses('RFC 7692', rfc7692)
