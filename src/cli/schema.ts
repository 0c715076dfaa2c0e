/**
 * `sluice schema`: the JSON Schema of the configuration, for editors.
 */
import { jsonSchema } from '../config/json-schema.ts'
import { builtIn } from '../registry.ts'

export function schema(): void {
  console.info(JSON.stringify(jsonSchema(builtIn), null, 2))
}
