// The part of Swagger UI that docs/main.ts uses; its package has no types.
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Request {
    /** Called in place of fetch. */
    userFetch?: typeof fetch
  }

  interface Options {
    url: string
    domNode: HTMLElement
    deepLinking: boolean
    displayRequestDuration: boolean
    defaultModelsExpandDepth: number
    persistAuthorization: boolean
    validatorUrl: null
    requestInterceptor: (request: Request) => Request
    plugins: object[]
  }

  export default function SwaggerUI(options: Options): void
}
