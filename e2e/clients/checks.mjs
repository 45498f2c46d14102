// What the two Node clients share: counting checks, and reading where the server is.

let count = 0;
let where = "";

/** Names what is checked from now on, for messages. */
export function at(place) {
  where = place;
}

/** Counts a check; ends the program when it fails. */
export function check(name, actual, expected) {
  count += 1;
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    fail(`${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

/** Counts a check of something that must be true. */
export function checkThat(name, holds, seen) {
  count += 1;
  if (!holds) {
    fail(`${name}: saw ${JSON.stringify(seen)}`);
  }
}

/** Counts a check that a promise is refused with a text that clients recognise. */
export async function checkError(name, promise, pattern) {
  count += 1;
  try {
    const answer = await promise;
    fail(`${name}: was not refused, answered ${JSON.stringify(answer)}`);
  } catch (error) {
    if (!pattern.test(error.message)) {
      fail(`${name}: refused with ${error.message}`);
    }
  }
}

/** The places to try: TCP, and the unix socket when one is named by `--socket` or REDIS_SOCKET. */
export function places() {
  const given = (name, fallback) => {
    const position = process.argv.indexOf(`--${name}`);
    return position === -1 ? (process.env[`REDIS_${name.toUpperCase()}`] ?? fallback) : process.argv[position + 1];
  };
  const password = given("password");
  const tcp = { place: "tcp", host: given("host", "127.0.0.1"), port: Number(given("port", "7379")), password };
  const socket = given("socket");
  return socket ? [tcp, { place: "socket", socket, password }] : [tcp];
}

/** Asks again until the answer fits or five seconds have passed. */
export async function eventually(ask, fits) {
  const end = Date.now() + 5000;
  let answer = await ask();
  while (!fits(answer) && Date.now() < end) {
    await new Promise((later) => setTimeout(later, 5));
    answer = await ask();
  }
  return answer;
}

/** Runs the checks everywhere, says how many there were, and ends with 1 when one failed or the client gave up. */
export async function everywhere(run) {
  const watchdog = setTimeout(() => fail("nothing happened for two minutes"), 120_000);
  try {
    for (const place of places()) {
      await run(place);
    }
  } catch (error) {
    fail(error.stack ?? String(error));
  }
  clearTimeout(watchdog);
  console.log(`ok ${count} checks`);
}

function fail(message) {
  console.error(`failed: ${where}: ${message}`);
  process.exit(1);
}
