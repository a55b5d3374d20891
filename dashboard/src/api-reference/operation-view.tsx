// Everything that the document says about one operation, with a command that calls it.

import { CopyButton } from "../parts/copy-button.tsx";
import { curlLine } from "./curl.ts";
import type { ApiDocument, Operation, Schema } from "./document.ts";
import { type Field, fieldOf, fieldsOf } from "./fields.ts";
import { isSuccess } from "./search.ts";

type OperationViewProps = { readonly operation: Operation; readonly document: ApiDocument; readonly base: string };

export function OperationView({ operation, document, base }: OperationViewProps) {
  const { description, scopes, parameters, body, responses } = operation;
  const line = curlLine(document, operation, base);
  const failures = responses.filter(({ status }) => !isSuccess(status));
  return (
    <div class="operation-view">
      <Prose text={description} />
      <p class="dim">
        {scopes.length === 0 ? (
          "It takes no token."
        ) : (
          <>
            It takes ADMIN_TOKEN, or an API token with the scope <code>{scopes.join(", ")}</code>.
          </>
        )}
      </p>
      <div class="bar command">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must reach what scrolls. */}
        <pre class="grow" tabIndex={0}>
          {line}
        </pre>
        <CopyButton text={line} what="the command" />
      </div>
      {parameters.length > 0 && (
        <>
          <h3>Parameters</h3>
          <Fields
            label="Parameters"
            required="required"
            fields={parameters.map(({ name, in: place, required = false, schema = {}, description: text }) => {
              const field = fieldOf(document, name, schema, required);
              return { ...field, type: `${field.type}, in the ${place}`, description: text ?? field.description };
            })}
          />
        </>
      )}
      {body !== undefined && (
        <>
          <h3>Body, as JSON</h3>
          <Fields label="Body" required="required" fields={fieldsOf(document, body)} />
        </>
      )}
      {responses
        .filter(({ status }) => isSuccess(status))
        .map(({ status, description: text, schema }) => (
          <Answer key={status} status={status} text={text} schema={schema} document={document} />
        ))}
      <h3>Failures</h3>
      <ul class="failures">
        {failures.map(({ status, description: text }) => (
          <li key={status}>
            <code>{status}</code> <Inline text={text} />
          </li>
        ))}
      </ul>
    </div>
  );
}

type AnswerProps = {
  readonly status: string;
  readonly text: string;
  readonly schema: Schema | undefined;
  readonly document: ApiDocument;
};

function Answer({ status, text, schema, document }: AnswerProps) {
  return (
    <>
      <h3>
        Answer <code>{status}</code> <Inline text={text} />
      </h3>
      {schema === undefined ? (
        <p class="dim">It has no body.</p>
      ) : (
        <Fields label={`Answer ${status}`} required="always" fields={fieldsOf(document, schema)} />
      )}
    </>
  );
}

/** `required` is the word for a field that must be there, or always is. */
type FieldsProps = { readonly label: string; readonly fields: readonly Field[]; readonly required: string };

function Fields({ label, fields, required }: FieldsProps) {
  return (
    <ul class="fields" aria-label={label}>
      {fields.map(({ path, type, isRequired, description, rules }, index) => (
        <li key={`${path} ${index}`}>
          <div class="field-head">
            {path !== "" && <code>{path}</code>}
            <span class="dim">{type}</span>
            {isRequired && <span class="badge">{required}</span>}
          </div>
          {description !== "" && (
            <p>
              <Inline text={description} />
            </p>
          )}
          {rules.length > 0 && <p class="dim small-text">{rules.join(" · ")}</p>}
        </li>
      ))}
    </ul>
  );
}

/** Paragraphs, with code between backticks. */
export function Prose({ text }: { text: string }) {
  const paragraphs = text.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "");
  return (
    <>
      {paragraphs.map((paragraph) => (
        <p key={paragraph}>
          <Inline text={paragraph} />
        </p>
      ))}
    </>
  );
}

function Inline({ text }: { text: string }) {
  return <>{text.split("`").map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}</>;
}
