import { render } from "preact";
import { App } from "./app.tsx";
import { signInByItself } from "./sign-in.ts";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/layout.css";
import "./styles/live.css";
import "./styles/pages.css";
import "./styles/api.css";

const element = document.getElementById("app");
if (element === null) throw new Error("the page has no place for the dashboard");
// The address that npm start prints may be opened in a tab that is signed in with another token.
window.addEventListener("hashchange", () => void signInByItself(false));
void signInByItself(true);
render(<App />, element);
