/** RFC 6455, clause by clause, by whole gateways and by the command line's client. */
import { showClauses } from './clause.ts'
import { rfc6455 } from './clauses.ts'

showClauses('RFC 6455', rfc6455)
