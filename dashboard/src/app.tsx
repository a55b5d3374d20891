import { ApiPage } from "./api-reference/api-page.tsx";
import { ClientsPage } from "./clients/clients-page.tsx";
import { DevicesPage } from "./devices/devices-page.tsx";
import { LivePage } from "./live/live-page.tsx";
import { OverviewPage } from "./overview/overview-page.tsx";
import { ConfirmDialog } from "./parts/confirm.tsx";
import { Icon } from "./parts/icon.tsx";
import { hrefOf, type PageName, pageNames, route } from "./route.ts";
import { isSigningIn, type SignedIn, signedIn, signOut } from "./sign-in.ts";
import { SignInPage } from "./sign-in-page.tsx";

const pages = { live: LivePage, devices: DevicesPage, clients: ClientsPage, overview: OverviewPage, api: ApiPage };
const titles: Record<PageName, string> = {
  live: "Live",
  devices: "Devices",
  clients: "Clients",
  overview: "Overview",
  api: "API",
};

export function App() {
  const current = signedIn.value;
  if (isSigningIn.value) return <p class="signing-in">Signing in …</p>;
  const { page } = route.value;
  // The API reference needs no sign-in.
  if (current === undefined && page === "api") return <PublicApiPage />;
  if (current === undefined) return <SignInPage />;
  document.title = `${titles[page]} · durable-mqtt`;
  const Page = pages[page];
  return (
    <>
      <Header signedIn={current} />
      <main>
        <h1 class="unseen">{titles[page]}</h1>
        <Page signedIn={current} />
      </main>
      <ConfirmDialog />
    </>
  );
}

function PublicApiPage() {
  document.title = `${titles.api} · durable-mqtt`;
  return (
    <>
      <header class="header">
        <Brand />
        <div class="header-end">
          <a class="button" href={hrefOf("live")}>
            Sign in
          </a>
        </div>
      </header>
      <main>
        <h1 class="unseen">{titles.api}</h1>
        <ApiPage signedIn={undefined} />
      </main>
    </>
  );
}

function Brand() {
  return (
    <a class="brand" href={hrefOf("live")}>
      <img src="/favicon.svg" alt="" width="26" height="26" />
      <span>durable-mqtt</span>
    </a>
  );
}

function Header({ signedIn: { namespace, connection } }: { signedIn: SignedIn }) {
  return (
    <header class="header">
      <Brand />
      <nav class="pages" aria-label="Pages">
        {pageNames.map((name) => (
          <a key={name} href={hrefOf(name)} aria-current={route.value.page === name ? "page" : undefined}>
            <Icon name={name} />
            <span>{titles[name]}</span>
          </a>
        ))}
      </nav>
      <div class="header-end">
        {namespace !== "default" && (
          <span class="badge" title="Namespace">
            {namespace}
          </span>
        )}
        <ConnectionLight state={connection.state.value} />
        <button
          type="button"
          class="button quiet"
          aria-label="Sign out"
          title="Sign out"
          onClick={() => void signOut()}
        >
          <Icon name="signOut" />
        </button>
      </div>
    </header>
  );
}

function ConnectionLight({ state }: { state: SignedIn["connection"]["state"]["value"] }) {
  const words = { connected: "Connected", connecting: "Connecting", lost: "Not connected", closed: "Not connected" };
  return (
    <span class={`light ${state.name}`} role="status" title={state.name === "lost" ? state.why : undefined}>
      <i aria-hidden="true" />
      <span>{words[state.name]}</span>
    </span>
  );
}
