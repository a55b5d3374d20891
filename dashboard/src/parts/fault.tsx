/** What went wrong, in one line that is read out at once; nothing for no line. */
export function Fault({ line }: { line: string | undefined }) {
  if (line === undefined || line === "") return null;
  return (
    <p class="notice bad" role="alert">
      {line}
    </p>
  );
}
