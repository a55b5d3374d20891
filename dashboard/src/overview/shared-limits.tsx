// The limits that all clients share: how full each is and who fills it, so that it shows before a client is refused.

import type { SharedLimit } from "../api/resources.ts";
import { type LimitRow, limitRowOf } from "./limit-rows.ts";

export function SharedLimits({ limits }: { limits: readonly SharedLimit[] }) {
  if (limits.length === 0) return null;
  return (
    <section class="card" aria-labelledby="shared-limits">
      <h2 id="shared-limits">Shared limits</h2>
      <ul class="limits">
        {limits.map((limit) => (
          <Row key={limit.setting} row={limitRowOf(limit)} />
        ))}
      </ul>
    </section>
  );
}

function Row({ row: { setting, name, percent, level, percentText, useText, holders } }: { row: LimitRow }) {
  return (
    <li class={`limit ${level}`}>
      <span title={setting}>{name}</span>
      <span class="limit-bar" aria-hidden="true">
        <i style={{ width: `${percent}%` }} />
      </span>
      <span class="limit-use">
        {useText} <span class="limit-percent">{percentText}</span>
      </span>
      {holders.length > 0 && (
        <ul class="limit-holders dim small-text" aria-label={`Largest holders: ${name}`}>
          {holders.map(({ holder, amountText }) => (
            <li key={holder}>
              <code>{holder}</code> {amountText}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
