/**
 * The manifest of deploy/kubernetes: what it says of the gateway in several places agrees, and the
 * configuration in it loads. The types of its fields are not checked here.
 */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { leavingMs, loadExample } from '../support/loading.ts'

const file = join(import.meta.dir, '../../deploy/kubernetes/sluice.yaml')
const documents = parseAllDocuments(readFileSync(file, 'utf8'))
const objects: readonly { kind?: string }[] = documents.map((document) => document.toJS())

const labels = z.record(z.string(), z.string())
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) })

const configMap = z.object({ metadata: z.object({ name: z.string() }), data: labels })
const deployment = z.object({
  spec: z.object({
    replicas: z.int().min(2),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels, annotations: labels }),
      spec: z.object({
        terminationGracePeriodSeconds: z.int(),
        automountServiceAccountToken: z.literal(false),
        securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.int().min(1) }),
        containers: z
          .array(
            z.object({
              args: z.array(z.string()),
              env: z.array(z.object({ name: z.string() })),
              ports: z.array(z.object({ name: z.string(), containerPort: z.int() })),
              livenessProbe: probe,
              readinessProbe: probe,
              lifecycle: z.object({
                preStop: z.object({ sleep: z.object({ seconds: z.int() }) }),
              }),
              resources: z.object({ limits: z.object({ memory: z.string() }) }),
              securityContext: z.object({
                allowPrivilegeEscalation: z.literal(false),
                readOnlyRootFilesystem: z.literal(true),
                capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
              }),
              volumeMounts: z.array(
                z.object({
                  name: z.string(),
                  mountPath: z.string(),
                  subPath: z.never().optional(),
                }),
              ),
            }),
          )
          .length(1),
        volumes: z.array(z.object({ name: z.string(), configMap: z.object({ name: z.string() }) })),
      }),
    }),
  }),
})
const service = z.object({
  spec: z.object({ selector: labels, ports: z.array(z.object({ targetPort: z.string() })) }),
})
const disruptionBudget = z.object({
  spec: z.object({ maxUnavailable: z.int(), selector: z.object({ matchLabels: labels }) }),
})

/** The one object of this kind. */
function read<Shape extends z.ZodType>(kind: string, shape: Shape): z.infer<Shape> {
  const [object, ...others] = objects.filter((each) => each.kind === kind)
  expect(others).toEqual([])
  return shape.parse(object)
}

const pod = () => read('Deployment', deployment).spec.template
function container() {
  const [only] = pod().spec.containers
  if (only === undefined) throw new Error('The pod has no container')
  return only
}
const text = () => read('ConfigMap', configMap).data['sluice.yaml'] ?? ''
const load = () => loadExample(file, { SLUICE_TOKEN: 'x'.repeat(64) }, text())

describe('the manifest', () => {
  test('is YAML throughout', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
    expect(objects).toHaveLength(4)
  })

  test('has everything that selects the pods select them', () => {
    const { labels: own } = pod().metadata
    expect(read('Deployment', deployment).spec.selector.matchLabels).toEqual(own)
    expect(read('Service', service).spec.selector).toEqual(own)
    expect(read('PodDisruptionBudget', disruptionBudget).spec.selector.matchLabels).toEqual(own)
  })

  test('starts the gateway with the configuration that is mounted', () => {
    const { metadata, data } = read('ConfigMap', configMap)
    const [volume] = pod().spec.volumes
    const [mount] = container().volumeMounts
    expect([volume?.configMap.name, mount?.name]).toEqual([metadata.name, volume?.name])
    const [key] = Object.keys(data)
    expect(container().args).toEqual(['run', '--watch', `${mount?.mountPath}/${key}`])
  })

  test('sets every variable that the configuration asks for', () => {
    const asked = [...text().matchAll(/\$\{env:(\w+)/g)].map(([, name = '']) => name)
    expect(container().env.map(({ name }) => name)).toEqual(asked)
  })

  test('leads clients and probes to the ports on which the gateway listens', () => {
    const { listeners, admin } = load()
    const ports = Object.fromEntries(
      container().ports.map(({ name, containerPort }) => [name, containerPort]),
    )
    expect([listeners[0]?.port, admin?.port]).toEqual([ports['http'], ports['admin']])
    expect(read('Service', service).spec.ports.map(({ targetPort }) => targetPort)).toEqual([
      'http',
    ])
    expect(container().livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'admin' })
    expect(container().readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' })
    expect(pod().metadata.annotations['prometheus.io/port']).toBe(String(admin?.port))
  })

  test('gives the gateway longer to leave than that takes', () => {
    const { terminationGracePeriodSeconds } = pod().spec
    const { seconds } = container().lifecycle.preStop.sleep
    expect(terminationGracePeriodSeconds * 1000).toBeGreaterThan(seconds * 1000 + leavingMs(load()))
  })
})
