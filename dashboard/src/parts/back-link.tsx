import { hrefOf } from "../route.ts";
import { Icon } from "./icon.tsx";

/** Leads from the chosen item back to the list, on a screen with room for only one of them. */
export function BackLink({ page, list }: { page: Parameters<typeof hrefOf>[0]; list: string }) {
  return (
    <a class="button quiet only-narrow" href={hrefOf(page)} aria-label={`Back to the ${list}`}>
      <Icon name="back" />
    </a>
  );
}
