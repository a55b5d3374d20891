import { useSignal } from "@preact/signals";
import { lineOf } from "./api/api.ts";
import { Fault } from "./parts/fault.tsx";
import { hrefOf } from "./route.ts";
import { signIn, signInNotice } from "./sign-in.ts";

export function SignInPage() {
  const isBusy = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    signInNotice.value = "";
    const token = String(fields.get("token")).trim();
    await signIn({ token, namespace: String(fields.get("namespace")).trim() || "default" }).catch((error) => {
      signInNotice.value = lineOf(error);
    });
    isBusy.value = false;
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <div class="brand">
          <img src="/favicon.svg" alt="" width="34" height="34" />
          <h1>durable-mqtt</h1>
        </div>
        <p class="dim">Sign in with the broker's admin token.</p>
        <label>
          Token
          <input name="token" type="password" required autocomplete="current-password" spellcheck={false} autofocus />
        </label>
        <label>
          Namespace
          <input
            name="namespace"
            placeholder="default"
            pattern="[A-Za-z0-9_\-]{1,64}"
            title="1 to 64 letters, digits, - and _"
            autocapitalize="none"
            spellcheck={false}
          />
        </label>
        <Fault line={signInNotice.value} />
        <button type="submit" class="button primary" disabled={isBusy.value}>
          Sign in
        </button>
        <p class="dim small-text">
          On your own machine <code>npm start</code> prints an address that signs in by itself. If other machines may
          connect, it prints the file that holds the token: <code>.data/admin-token</code>.
        </p>
        <p class="small-text">
          <a href={hrefOf("api")}>What the HTTP API can do</a>
        </p>
      </form>
    </main>
  );
}
