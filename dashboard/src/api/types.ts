// Short names for the types in the server's OpenAPI document.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type AuditEntry = Schemas["AuditEntry"];
export type CacheStats = Schemas["CacheStats"];
export type ConfigKey = Schemas["ConfigKey"];
export type ConfigSource = Schemas["ConfigSource"];
export type CreatedToken = Schemas["CreatedToken"];
export type DoctorCheck = Schemas["DoctorCheck"];
export type FieldProblem = Schemas["FieldProblem"];
export type History = Schemas["History"];
export type Job = Schemas["Job"];
export type JobAttempt = Schemas["JobAttempt"];
export type JobDetails = Schemas["JobDetails"];
export type JobLogLine = Schemas["JobLogLine"];
export type JobState = Schemas["JobState"];
export type Listener = Schemas["Listener"];
export type LoginLink = Schemas["LoginLink"];
export type Me = Schemas["Me"];
export type Problem = Schemas["Problem"];
export type ProblemState = Schemas["ProblemState"];
export type QueueStats = Schemas["QueueStats"];
export type Role = Schemas["Role"];
export type ServerEvent = Schemas["Event"];
export type ServerProblem = Schemas["ServerProblem"];
export type Service = Schemas["Service"];
export type Session = Schemas["Session"];
export type Status = Schemas["Status"];
export type Store = Schemas["Store"];
export type Token = Schemas["Token"];
