/** An error in one line, which screen readers read out at once. Nothing is shown if there is none. */
export function Fault({ line }: { line: string | undefined }) {
  if (line === undefined || line === "") return null;
  return (
    <p class="notice bad" role="alert">
      {line}
    </p>
  );
}
