// Idempotency keys for POST requests: if the response to the first request is lost, a retry with the same key returns the same
// response, and no object is created twice.
import { useRef } from "react";

/** Returns a random UUID. `crypto.randomUUID` does not exist on pages without https. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export interface OneAttempt {
  /** The header for a request with this body. The key stays the same as long as the body does. */
  headers: (body: unknown) => { "Idempotency-Key": string };
  /** Ends the attempt, after a response or when the dialog closes. The next request gets a new key. */
  begin: () => void;
}

/** Starts an attempt to create an object: it begins when a form opens and ends with the response. */
export function newAttempt(): OneAttempt {
  let sent: { body: string; key: string } | null = null;
  return {
    headers: (body) => {
      const text = JSON.stringify(body);
      // A changed form is a different request; the server would refuse the key of the first one.
      if (sent?.body !== text) {
        sent = { body: text, key: uuid() };
      }
      return { "Idempotency-Key": sent.key };
    },
    begin: () => {
      sent = null;
    },
  };
}

/** `newAttempt` for as long as a component is shown. */
export function useAttempt(): OneAttempt {
  const attempt = useRef<OneAttempt | null>(null);
  attempt.current ??= newAttempt();
  return attempt.current;
}
