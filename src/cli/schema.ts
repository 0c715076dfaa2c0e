/**
 * `sluice schema`: the JSON Schema of the configuration, for editors.
 */
import { jsonSchema } from '../config/json-schema.ts'

export function schema(): void {
  console.info(JSON.stringify(jsonSchema(), null, 2))
}
