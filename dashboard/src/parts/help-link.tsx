// The “?” beside a heading, which links to a section of the manual.
import { Link } from "wouter";
import { guideNamed, guidePath } from "../guides";
import classes from "./help-link.module.css";
import { HelpIcon } from "./icons";

interface GuideLinkProps {
  /** The name of the guide: its file name in `docs/guide`, without the extension. */
  guide: string;
  /** The id of a section, derived from its title as on GitHub. */
  section?: string;
}

export function GuideLink({ guide, section }: GuideLinkProps) {
  const found = guideNamed(guide);
  const part = found?.sections.find(({ id }) => id === section);
  const title = `Guide: ${[found?.title ?? guide, part?.title].filter(Boolean).join(" – ")}`;
  return (
    <Link href={guidePath(guide, section)} className={classes.help} title={title} aria-label={title}>
      <HelpIcon />
    </Link>
  );
}

/** The link for a heading's `guide` property: `cache`, or `cache#limits` for a section. */
export function HeadingGuide({ address }: { address: string | undefined }) {
  if (address === undefined) {
    return null;
  }
  const [guide = "", section] = address.split("#");
  return <GuideLink guide={guide} section={section} />;
}
