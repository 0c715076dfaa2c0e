/**
 * What is answered to who changes what runs as a whole, be it one process or several.
 */
import type { Operations } from '../core/operations.ts'
import type { OperationAnswers } from './paths.ts'
import { reload } from './reload-answers.ts'
import { upgrade } from './upgrade-answers.ts'

export function operationAnswers(operations: Operations): OperationAnswers {
  return {
    '/reload': { POST: ({ query }) => reload(operations, query) },
    '/upgrade': { POST: ({ query }) => upgrade(operations, query) },
  }
}
