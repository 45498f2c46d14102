-- Each share of the events has bounds of its own, so that the events of one do not push out those of another.
create table history_events_bounded (
    arrival integer primary key,
    id blob not null unique,
    at integer not null,
    kind text not null,
    title text not null,
    attributes text not null,
    actor text not null,
    actor_kind text not null,
    share text not null generated always as (
        case
            when kind in ('deploy', 'note') then 'sent'
            when kind = 'cache_cleared' then 'cleared'
            else 'server'
        end) stored,
    -- 200 bytes are for the other columns and the indexes.
    bytes integer not null generated always as (
        octet_length(title) + octet_length(attributes) + octet_length(actor) + 200) stored
) strict;

insert into history_events_bounded (arrival, id, at, kind, title, attributes, actor, actor_kind)
select arrival, id, at, kind, title, attributes, actor, actor_kind
from (
    select
        rowid as arrival, *,
        row_number() over (partition by kind in ('deploy', 'note') order by rowid desc) as newest
    from history_events)
where newest <= 10000;

drop table history_events;
alter table history_events_bounded rename to history_events;

create index history_events_at on history_events (at, id);
create index history_events_kind on history_events (kind, at, id);
create index history_events_share on history_events (share, arrival);

-- The use of each share, kept by triggers, because counting takes too long for every insertion.
create table history_event_shares (
    share text primary key,
    events integer not null,
    bytes integer not null
) strict;

insert into history_event_shares (share, events, bytes)
values ('sent', 0, 0), ('cleared', 0, 0), ('server', 0, 0);

update history_event_shares
set events = (select count(*) from history_events e where e.share = history_event_shares.share),
    bytes = (select coalesce(sum(e.bytes), 0) from history_events e where e.share = history_event_shares.share);

create trigger history_events_inserted after insert on history_events
begin
    update history_event_shares
    set events = events + 1, bytes = bytes + new.bytes
    where share = new.share;
end;

create trigger history_events_deleted after delete on history_events
begin
    update history_event_shares
    set events = events - 1, bytes = bytes - old.bytes
    where share = old.share;
end;
