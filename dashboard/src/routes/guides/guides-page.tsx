// The list of all guides with their sections.
import { Link } from "wouter";
import { guidePath, guides } from "../../guides";
import { PageHead } from "../../parts/page-head";
import classes from "./guides.module.css";

export function GuidesPage() {
  return (
    <>
      <PageHead title="Guides" lead="The manual of the version that this server runs." />
      <ul className={classes.guides}>
        {guides.map(({ name, title, sections }) => (
          <li key={name} className={classes.guide}>
            <h2>
              <Link href={guidePath(name)}>{title}</Link>
            </h2>
            <ul>
              {sections.map((section) => (
                <li key={section.id}>
                  <Link href={guidePath(name, section.id)}>{section.title}</Link>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </>
  );
}
