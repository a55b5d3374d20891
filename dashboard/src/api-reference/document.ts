// The parts of the API's own description, /api/v1/openapi.json, that the page shows. OpenAPI 3.1.

export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly example?: unknown;
};

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header" | "cookie";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
};

type OperationObject = {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
};

export type ApiDocument = {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
};

export type Response = {
  readonly status: string;
  readonly description: string;
  readonly schema: Schema | undefined;
};

export type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** The scope that a token needs; none if the operation takes no token. */
  readonly scopes: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly responses: readonly Response[];
};

/** In the order of the document. */
export function operationsOf({ paths }: ApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      tag: operation.tags?.[0] ?? "Other",
      summary: operation.summary ?? "",
      description: operation.description ?? "",
      scopes: (operation.security ?? []).flatMap((scheme) => Object.values(scheme).flat()),
      parameters: operation.parameters ?? [],
      body: schemaOf(operation.requestBody?.content),
      responses: Object.entries(operation.responses).map(([status, { description, content }]) => ({
        status,
        description,
        schema: schemaOf(content),
      })),
    })),
  );
}

function schemaOf(content: Content | undefined): Schema | undefined {
  return content?.["application/json"]?.schema;
}

/** Follows a reference to its schema, and merges the schemas of `allOf`. */
export function resolved(document: ApiDocument, schema: Schema): Schema {
  if (schema.$ref !== undefined) {
    const target = document.components?.schemas?.[nameOf(schema.$ref)];
    return target === undefined ? {} : { ...resolved(document, target), ...described(schema) };
  }
  if (schema.allOf === undefined) return schema;
  const parts = schema.allOf.map((part) => resolved(document, part));
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    required: parts.flatMap(({ required }) => required ?? []),
    ...described(schema),
  };
}

function described({ description }: Schema): Pick<Schema, "description"> {
  return description === undefined ? {} : { description };
}

/** The last part of a reference. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}
