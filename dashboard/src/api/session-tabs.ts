// The tabs of a browser share a session, so they notify each other when it begins and ends.
import { mount } from "./client";

export type SessionNews = { kind: "signed-in"; account: string } | { kind: "signed-out" };

// Several servers may share a host name.
const channel = new BroadcastChannel(`outrigger-session:${mount}`);

/** Sends a message to the other tabs. */
export function notifyTabs(news: SessionNews): void {
  channel.postMessage(news);
}

/** Listens for messages of other tabs until the returned function is called. */
export function listenToTabs(listener: (news: SessionNews) => void): () => void {
  const onMessage = (event: MessageEvent<SessionNews>) => listener(event.data);
  channel.addEventListener("message", onMessage);
  return () => channel.removeEventListener("message", onMessage);
}
