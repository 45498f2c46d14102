// Tabs of one browser share a session, so they tell each other when it begins and ends.
import { mount } from "./client";

export type SessionNews = { kind: "signed-in"; account: string } | { kind: "signed-out" };

// Several servers may stand behind one host name.
const channel = new BroadcastChannel(`outrigger-session:${mount}`);

/** Tells the other tabs. */
export function tellTabs(news: SessionNews): void {
  channel.postMessage(news);
}

/** Hears what other tabs tell, until the returned function is called. */
export function hearTabs(listener: (news: SessionNews) => void): () => void {
  const onMessage = (event: MessageEvent<SessionNews>) => listener(event.data);
  channel.addEventListener("message", onMessage);
  return () => channel.removeEventListener("message", onMessage);
}
