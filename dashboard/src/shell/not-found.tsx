// An address that leads nowhere, or to a page that this account may not see.
import { Link } from "wouter";
import { PageHead } from "../parts/page-head";

export function NotFound() {
  return (
    <>
      <PageHead title="Nothing here" lead="There is no such page, or your account may not see it." />
      <p>
        <Link href="/">Back to Home</Link>
      </p>
    </>
  );
}
