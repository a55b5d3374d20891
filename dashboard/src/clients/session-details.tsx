// One client's session, as the session itself describes it.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Api, lineOf } from "../api/api.ts";
import type { Counters, Session, Subscription } from "../api/resources.ts";
import { BackLink } from "../parts/back-link.tsx";
import { confirm } from "../parts/confirm.tsx";
import { Fact } from "../parts/facts.tsx";
import { Fault } from "../parts/fault.tsx";
import { agoText, bytesText, countText, dateText, durationText, plural } from "../parts/formats.ts";
import { Icon } from "../parts/icon.tsx";
import { versionNames } from "./version-names.ts";

const neverExpires = 0xffff_ffff;

type SessionDetailsProps = { clientId: string; api: Api; onChange: () => void; onGone: () => void };

export function SessionDetails({ clientId, api, onChange, onGone }: SessionDetailsProps) {
  const session = useSignal<Session | undefined>(undefined);
  const fault = useSignal("");
  const load = async () => {
    try {
      session.value = await api.call<Session>("POST", "/clients/read", { clientId });
      fault.value = "";
    } catch (error) {
      session.value = undefined;
      fault.value = lineOf(error);
    }
  };
  useEffect(() => void load(), [clientId]);
  const disconnect = async () => {
    await api.call("POST", "/clients/disconnect", { clientId });
    await load();
    onChange();
  };
  const remove = async () => {
    await api.call("POST", "/clients/delete", { clientId });
    onGone();
  };

  return (
    <section class="card details" aria-label="Session">
      <div class="bar">
        <BackLink page="clients" list="clients" />
        <h2 class="mono grow topic-name">{clientId}</h2>
        <button type="button" class="button quiet" aria-label="Refresh" title="Refresh" onClick={() => void load()}>
          <Icon name="refresh" />
        </button>
      </div>
      <Fault line={fault.value} />
      {session.value !== undefined && (
        <>
          <Facts session={session.value} />
          <Subscriptions subscriptions={session.value.subscriptions} />
          <CounterTable counters={session.value.counters} />
          <div class="actions">
            <button
              type="button"
              class="button"
              disabled={!session.value.connected}
              onClick={() =>
                confirm({
                  question: `Disconnect ${clientId}?`,
                  consequence: "Its session stays, its Will is published, and it may connect again.",
                  action: "Disconnect",
                  act: disconnect,
                })
              }
            >
              Disconnect
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() =>
                confirm({
                  question: `Delete the session of ${clientId}?`,
                  consequence:
                    "Its client is disconnected. Its subscriptions and the messages that wait for it are gone.",
                  action: "Delete",
                  act: remove,
                })
              }
            >
              Delete the session
            </button>
          </div>
        </>
      )}
    </section>
  );
}

function Facts({ session }: { session: Session }) {
  const { connection, disconnectedSince, username, identity, queue, expirySec, expiresAt } = session;
  const nowMs = Date.now();
  return (
    <dl class="fact-list">
      <Fact name="State">
        <span class={`dot ${session.connected ? "online" : "offline"}`} />{" "}
        {connection === null
          ? `sleeping, last seen ${agoText(disconnectedSince ?? nowMs, nowMs)}`
          : `connected ${agoText(connection.since, nowMs)}`}
      </Fact>
      {connection !== null && (
        <Fact name="Connection">
          MQTT {versionNames[connection.protocolVersion]}, {connection.address}, keep alive{" "}
          {connection.keepAliveSec === 0 ? "off" : `${connection.keepAliveSec} s`}
        </Fact>
      )}
      {connection !== null && <Fact name="Address">{connection.clientAddress ?? "not known, or this machine's"}</Fact>}
      <Fact name="Username">{username === "" ? "none" : username}</Fact>
      <Fact name="Identity">{identity}</Fact>
      <Fact name="Queue">
        {plural(queue.messages, "message")}, {bytesText(queue.bytes)}; {countText(session.inFlightMessages)} in flight
      </Fact>
      <Fact name="Incoming">{plural(session.incomingMessages, "QoS 2 message")} not yet released</Fact>
      <Fact name="Expiry">
        {expirySec === 0 && "when the client disconnects"}
        {expirySec === neverExpires && "never"}
        {expirySec > 0 && expirySec < neverExpires && `${durationText(expirySec * 1000)} after the client disconnects`}
        {expiresAt !== null && `, ${dateText(expiresAt)}`}
      </Fact>
    </dl>
  );
}

function Subscriptions({ subscriptions }: { subscriptions: readonly Subscription[] }) {
  return (
    <>
      <h3>{plural(subscriptions.length, "subscription")}</h3>
      <ul class="subscriptions">
        {subscriptions.map(({ topicFilter, qos, noLocal, shared }) => (
          <li key={topicFilter}>
            <span class="mono grow clip">{topicFilter}</span>
            <span class={`badge qos-${qos}`}>QoS {qos}</span>
            {noLocal && <span class="badge">no local</span>}
            {shared && <span class="badge">shared</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

function CounterTable({ counters }: { counters: Counters }) {
  const rows: [string, string, string][] = [
    ["Messages", countText(counters.messagesReceived), countText(counters.messagesSent)],
    ["Payload bytes", bytesText(counters.bytesReceived), bytesText(counters.bytesSent)],
    ["Packets", countText(counters.packetsReceived), countText(counters.packetsSent)],
  ];
  return (
    <table class="counters">
      <caption>Since the client connected; {plural(counters.messagesDropped, "message")} dropped</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">from the client</th>
          <th scope="col">to it</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, from, to]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{from}</td>
            <td>{to}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
