// An OpenAPI document as a list of operations without references, and its schemas compiled.
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const BASE = 'https://document.invalid/' // never fetched: ajv resolves references against it

export class Document {
  constructor(json) {
    this.json = json
    this.ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false, allErrors: true })
    addFormats(this.ajv)
    this.ajv.addSchema({ $id: BASE, components: this.#absolute(json.components) })
    this.compiled = new Map()
    this.operations = Object.entries(json.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => METHODS.includes(method))
        .map(([method, operation]) => this.#operation(path, method, item, operation)),
    )
  }

  /** Follows a reference inside the document. */
  follow(node) {
    let at = node
    while (at?.$ref) {
      at = at.$ref
        .slice(2)
        .split('/')
        .reduce((value, key) => value[key.replace(/~1/g, '/').replace(/~0/g, '~')], this.json)
    }
    return at
  }

  /** Returns the faults of a value by a schema, as text; null if there are none. */
  faults(schema, value) {
    let check = this.compiled.get(schema)
    if (!check) {
      check = this.ajv.compile(this.#absolute(schema))
      this.compiled.set(schema, check)
    }
    return check(value) ? null : this.ajv.errorsText(check.errors, { dataVar: 'body' })
  }

  accepts(schema, value) {
    return this.faults(schema, value) === null
  }

  #absolute(node) {
    return JSON.parse(JSON.stringify(node ?? {}).replaceAll('"$ref":"#/', `"$ref":"${BASE}#/`))
  }

  #operation(path, method, item, operation) {
    const body = this.follow(operation.requestBody)
    return {
      id: operation.operationId,
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      signed: (operation.security ?? this.json.security ?? []).length > 0,
      parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) =>
        this.follow(parameter),
      ),
      body: body && { required: body.required === true, content: body.content },
      responses: Object.fromEntries(
        Object.entries(operation.responses).map(([status, response]) => [
          status,
          this.follow(response),
        ]),
      ),
    }
  }
}

export const JSON_TYPE = 'application/json'

/** The schema of an operation's JSON body, without references at its top; undefined if it takes none. */
export function bodySchema(document, operation) {
  return operation.body && document.follow(operation.body.content[JSON_TYPE].schema)
}
