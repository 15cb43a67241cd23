//! Every fixed limit of the domain, with its reason. Limits a user may set are in `config`.

use std::time::Duration;

/// The longest message text, in bytes. A queue message holds 64 KiB on the wire; base64, which a
/// re-encoding tool in between may apply, makes 64 KiB out of 48.
pub const MAX_MESSAGE_BYTES: usize = 48 * 1024;

/// Deletions of consumed results that are under way: what storage takes in at once. More than it can
/// follow would fail in the end, and their results could be fetched again.
pub const MAX_DELETIONS: usize = 256;

/// The largest text in the journal of an instance that has no document of its own, in bytes: the record is
/// written anew with each entry.
pub const INLINE_PAYLOAD: usize = 16 * 1024;

/// The largest entry of a tally, in bytes. What a member gives beyond that has a document of its own.
pub const MAX_TALLY_ENTRY: usize = 48 * 1024;

/// Entries in the journal of one generation of an instance, at the most: it is replayed for each message.
pub const MAX_HISTORY: usize = 10_000;

/// The largest record of an instance, in bytes: it is written anew with each entry.
pub const MAX_INSTANCE_BYTES: usize = 4 * 1024 * 1024;

/// Steps that one instance has open side by side, at the most: each that ends wakes all. More is a fan-out, which
/// is one step.
pub const MAX_OPEN_STEPS: usize = 128;

/// Messages of a fan-out that are sent by the holder of one: the members behind them are sent by whoever gets the
/// message that goes behind these.
pub const MEMBERS_IN_RANGE: u32 = 256;

/// How many ranges of a large fan-out are under way side by side. So no more than about a thousand of its messages
/// are in the queue, whatever its size: the tasks of others are not behind all of them, and Azurite takes as long
/// for a deletion as there are messages (4 ms at 1,000, 40 ms at 10,000).
pub const RANGES_SIDE_BY_SIDE: u32 = 4;

/// Members of a fan-out that one message brings where their work is quick.
pub const QUICK_MEMBERS: u32 = 32;

/// How long the holder of a message goes on with the steps that follow from it, itself: less than the
/// least time that a message is held.
pub const INLINE_TIME: Duration = Duration::from_secs(30);

/// How long results of steps that have no effects but these may stay unwritten, while the next such step is done:
/// what is repeated at the most when a process dies.
pub const UNWRITTEN_TIME: Duration = Duration::from_secs(1);

/// By how much the count of a tally may lag behind the truth: Azurite tells that of the blocks before it appends,
/// and was seen 76 too low with 64 writers.
pub const TALLY_LAG: u64 = 128;

/// How often an instance that waits for others is looked after, should one of them not have begun.
pub const LOOK_AFTER_CHILDREN: Duration = Duration::from_secs(60 * 60);

/// How often who works on a step leaves a sign of that in the record of its instance.
pub const STEP_SIGN_INTERVAL: Duration = Duration::from_secs(60);

/// How old the record of an instance may be when another message is sent for a step of it: less than [`LOST_AFTER`],
/// so that a queue which has come to this message does not look as if it were past all of the instance's.
pub const SIGN_BEFORE_SEND: Duration = Duration::from_secs(30);

/// For how long a step may be put off without its instance's record telling of that: a fraction of the shortest time
/// after which a message that nobody sees is taken for lost.
pub const POSTPONED_UNSHOWN: Duration = Duration::from_secs(10);

/// How often a turn whose record was changed by others is taken anew before it is put off.
pub const TURN_TRIES: usize = 64;

/// Attempts before a task fails for good.
pub const MAX_ATTEMPTS: u32 = 5;

/// Deliveries of one message before it goes to the poison queue; `maxDequeueCount` in host.json.
/// Failed attempts do not come near it, because each is followed by a new message: only what
/// breaks an attempt off counts, a process that dies or a store that is away.
pub const MAX_DEQUEUE_COUNT: u32 = 5;

/// How long a message stays hidden that the host could not settle; `visibilityTimeout` in host.json.
pub const RELEASE_DELAY: Duration = Duration::from_secs(10);

/// A wait, longer or shorter by up to a quarter, so that tasks that failed together do not come back
/// together.
pub fn varied(wait: Duration) -> Duration {
    // A random id is random enough, and needs no generator of our own.
    let random = uuid::Uuid::new_v4().as_fields().0;
    wait.saturating_mul(750 + random % 501) / 1_000
}

/// How long a received message stays hidden from others, renewed at half of it while work runs.
/// The host uses ten minutes; a shorter time lets another process take over sooner after a crash.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a message is hidden from others that its sender holds to begin its work at once: shorter than
/// [`VISIBILITY_TIMEOUT`], because it is not known to have begun. It is renewed as that of any delivery.
pub const EARLY_START_LEASE: Duration = Duration::from_secs(30);

/// What a kind usually takes whose tasks begin where they were accepted under the Functions host without a
/// client that waits: work outside of an invocation is neither seen nor billed there, nor counted for
/// scaling, and an instance that looks idle may be taken away.
pub const EARLY_START_MAX: Duration = Duration::from_secs(1);

/// Messages that a process holds as their sender: as many as it has under way of those that it received.
pub const MAX_EARLY: u32 = 256;

/// Messages in one receive: the service's maximum.
pub const RECEIVE_PAGE: u32 = 32;

/// How long somebody else may go on with an attempt that was handed over: as long as a queue of Azure hides
/// a message.
pub const LONGEST_HAND_OVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an attempt may last unless its kind says otherwise. With [`SLOT_WAIT`] and
/// [`SWEEP_BUDGET`] it stays under `functionTimeout` in host.json, past which the host kills the process.
pub const ATTEMPT_TIME_LIMIT: Duration = Duration::from_secs(7 * 60);

/// `functionTimeout` in host.json: past it the host kills the process, whatever else that does.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The longest time limit of a kind under the Functions host. Of [`FUNCTION_TIMEOUT`] an attempt has what
/// it did not spend before it began ([`SLOT_WAIT`], and [`SWEEP_BUDGET`] where a sweep works it off),
/// less 15 s to stop the work and to settle its message.
pub const HOSTED_TIME_LIMIT: Duration = Duration::from_secs(10 * 60 - 60 - 45 - 15);

/// How long a delivery waits for a slot to compute when the host holds it, and goes on holding as many.
/// Then it goes back to the end of the queue, and does not count: an invocation must not outlast
/// `functionTimeout` by waiting. Without a host it is [`IN_HAND_WAIT`].
pub const SLOT_WAIT: Duration = Duration::from_secs(60);

/// How long after its begin a sweep goes on starting work: less than the minute to the next one.
pub const SWEEP_BUDGET: Duration = Duration::from_secs(45);

/// How long a host must have brought nothing of a queue before a sweep works it off: much longer than the two
/// seconds (`maxPollingInterval` in host.json) in which it looks at an idle one.
pub const HOST_QUIET_AFTER: Duration = SWEEP_INTERVAL;

/// The part of [`SWEEP_BUDGET`] for the poison queue: what comes after it needs time as well.
pub const BURIAL_BUDGET: Duration = Duration::from_secs(10);

/// The part of [`SWEEP_BUDGET`] for the poison queue and the records.
pub const WALK_BUDGET: Duration = Duration::from_secs(25);

/// What is left for the rules for dead letters where these took all of that.
pub const RULES_BUDGET: Duration = Duration::from_secs(5);

/// Pages of records that a sweep looks at. A call to the store each: ten a minute cost a few
/// dollars a month, and walk through a million records in 20 minutes.
pub const WALK_PAGES: usize = 10;

/// Instances that a sweep looks for, because there are parts or a name of theirs and no record beside them.
pub const ORPHAN_LOOKS: usize = 16;

/// How long nothing of that may have changed: what is younger may be of an instance that just begins.
pub const ORPHANED_AFTER: Duration = Duration::from_secs(60 * 60);

/// How long a record must not have changed before its message can be missed: longer than any storage
/// operation is tried, and so longer than the gap between a record and its message.
pub const LOST_AFTER: Duration = Duration::from_secs(45);

/// The longest that a message is hidden from others while its record does not change. A host that
/// died hid it for ten minutes; one that lives invokes what it holds within `functionTimeout`,
/// which is as long.
pub const HIDDEN_AT_MOST: Duration = Duration::from_secs(15 * 60);

/// The longest that a process which lives holds a message without a sign in the record: it waits for a slot
/// ([`SLOT_WAIT`]), its attempt shows as running a second later, and storage takes its time. Less than two
/// sweeps apart, so that the third one knows.
pub const SILENT_AT_MOST: Duration = Duration::from_secs(60 + 45 + 10);

/// The same for a kind with a limit of its own, whose message may be put off meanwhile, again and again.
pub const SILENT_AT_LIMIT: Duration = Duration::from_secs(60 + 45 + 10 + 5 * 60 + 60);

/// How old the last sign of a running attempt may be that lives: it leaves one every [`PROGRESS_INTERVAL`],
/// and waits for storage for as long.
pub const ALIVE_FOR: Duration = Duration::from_secs(15);

/// Work shorter than this never shows as running: nobody would see the status, and it costs a write.
pub const RUNNING_AFTER: Duration = Duration::from_secs(1);

/// How often the progress of a running attempt is written, and its task's end by others noticed.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Records looked at in one page of a sweep: what the service lists in one call.
pub const SWEEP_PAGE: u32 = 5_000;

/// How old the known queue length may be when metrics tell it.
pub const QUEUE_LENGTH_SCRAPE_AGE: Duration = Duration::from_secs(1);

/// How old the known queue length may be when submissions are checked against the limit, and for health. What came
/// and went in this process since is counted; what others sent is not.
pub const QUEUE_LENGTH_MAX_AGE: Duration = Duration::from_secs(2);

/// The largest record that is read whole for a monitor, in bytes. A larger one is mostly a result that the
/// monitor does not show; below it, reading is cheaper than asking twice.
pub const READ_WHOLE: usize = 1024 * 1024;

/// How often a lost conditional write is looked at and tried again before the attempt is given up
/// as transient. Two writers at most meet in practice: a worker and its client's cancel.
pub const COMMIT_TRIES: usize = 5;

/// How long what did not end in a stop's grace may take to give its messages back, and replies to be
/// written. With the default grace that makes ten seconds at most: what container platforms wait.
pub const RELEASE_TIME: Duration = Duration::from_secs(5);

/// The most messages that a process without a host has in hand before their work is computed: a page,
/// or as many as it computes side by side. It has no more than the latter while work lasts, so that
/// others get the rest and a crash spends the deliveries of few that had not begun.
pub fn max_in_hand(concurrency: usize) -> usize {
    concurrency.max(RECEIVE_PAGE as usize)
}

/// How long a message in hand waits for its work to begin, where another process may be able to begin it;
/// and how long work may last that is still quick.
pub const IN_HAND_WAIT: Duration = Duration::from_secs(1);

/// How long a page of messages is waited for to become free before fewer are received: quick work is
/// received by the page, and lasting work when there is somebody to do it.
pub const PAGE_WAIT: Duration = Duration::from_millis(50);

/// Messages that a process without a host works on in all, those included that are computed and are
/// being committed or deleted. What waits for something else than this process comes on
/// top: it has a limit of its own.
pub const MAX_UNSETTLED: usize = 256;

/// The shortest and the longest that a message is put off whose kind is at its limit. In between it is what
/// the kind's work usually takes: by then as many have ended as may run, and so have those that waited
/// in hand before it. Sooner than in a second costs more calls than it is worth; later than in
/// half a minute would leave slots empty when a burst is over.
pub const PUT_OFF_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(30);

/// How long a message may be put off, again and again, before its record is written: a record that has not
/// changed for [`HIDDEN_AT_MOST`] is taken for one that has lost its message.
pub const SHOW_PUT_OFF_AFTER: Duration = Duration::from_secs(5 * 60);

/// The first wait after the queue was found empty; it doubles from there.
pub const MIN_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// With so many messages under way or fewer, a loop that spares a billed queue is prompt all the same.
pub const PROMPT: usize = 8;

/// The longest rest of a loop that spares a billed queue: an outage may have made the receive before
/// it a long one.
pub const LONGEST_REST: Duration = Duration::from_millis(250);

/// The time between two sweeps without a host; the host's timer has the same, see `timer_worker`.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// How long a health check waits for storage: what asks (a load balancer, the host) gives up after
/// a few seconds itself.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// How old the answer to a health check may be, good or bad. Nobody who watches over a service asks more often
/// (the least `periodSeconds` of a Kubernetes probe is 1), so none is told the same twice; and a thousand who
/// ask cost as much as one.
pub const CHECK_AGE: Duration = Duration::from_secs(1);

/// Clients that may wait for tasks at the same time; each holds a connection.
pub const MAX_WAITERS: usize = 1_000;

/// The longest a client may wait for a task in one request. .NET's `HttpClient` gives up after 100
/// seconds unless it is told otherwise, and the reply has to be there by then.
pub const MAX_WAIT: Duration = Duration::from_secs(90);

/// When a waiting client's task is first looked for in a store that other processes work on, too;
/// the time doubles up to [`LONGEST_LOOK_INTERVAL`]. Short tasks have ended by then, or soon after.
pub const FIRST_LOOK: Duration = Duration::from_millis(500);

/// The longest time between two looks, and so what waiting adds to a task at the most. Half of it would
/// cost twice as many calls.
pub const LONGEST_LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// How long the look at a wait's end may take: its client has a time limit, too.
pub const LAST_LOOK: Duration = Duration::from_secs(2);

/// Canceled tasks that this process remembers, so as not to begin them.
pub const MAX_REMEMBERED_CANCELS: usize = 10_000;

/// Records read in one window of a listing, the most that Azure lists in a call; a window with more
/// is divided, see `listing`.
pub const LIST_WINDOW: u32 = 5_000;

/// How long a process goes by what it has seen of a time without tasks: one whose record came late is
/// listed after this time at the latest.
pub const LIST_KNOWN_FOR: Duration = Duration::from_secs(2 * 60);

/// How long after a task was named its record is usually there.
pub const LIST_SETTLES_IN: Duration = Duration::from_secs(10);

/// Calls to the store that one page of a listing may cost.
pub const LIST_CALLS: usize = 16;

/// Entries of dead letters that one call lists: half a megabyte of them.
pub const LETTER_PAGE: u32 = 1_000;

/// Such calls that one page may cost. Failures are few: they lead through sixteen thousand.
pub const LETTER_CALLS: usize = 16;

/// Records that are read for one page, where a text is looked for that few of them have.
pub const LETTER_LOOKS: usize = MAX_TOP;

/// Such calls in which a task counts what it is to replay or to delete: beyond a hundred thousand it shows no
/// percentage.
pub const BULK_COUNT_CALLS: usize = 100;

/// The longest record that a listing of dead letters reads, and the largest input that it shows, in bytes.
pub const LETTER_WHOLE: usize = 64 * 1024;

/// How long what a rule has to do waits for the record of its failure, which is written just after it.
pub const RULE_PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Dead letters that a process sends to be repaired side by side, each with its input.
pub const REPAIRS: usize = 16;

/// How many more wait for that, and how long. Others come again later, which is no attempt.
pub const REPAIRS_IN_FRONT: usize = 64;
/// See [`REPAIRS_IN_FRONT`].
pub const REPAIR_WAIT: Duration = Duration::from_secs(10);
/// See [`REPAIRS_IN_FRONT`].
pub const REPAIR_AGAIN: Duration = Duration::from_secs(30);

/// How many dead letters a digest tells of, each by itself; the others it counts.
pub const TOLD_IN_SHORT: usize = 100;

/// How long a message that names no task is kept at the least: as long as a queue of Azure would.
pub const DEAD_MESSAGE_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an idempotency key stands for its task.
pub const IDEMPOTENCY_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a link to a result leads there: as long as that of Microsoft's sample of the pattern.
pub const LINK_LIFE: Duration = Duration::from_secs(10 * 60);

/// How far a client's clock may be from ours, where it says when it first sent a submission.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// How long a submission with a key may take before another with the key carries it on: longer than
/// any storage operation is tried.
pub const ACCEPTING_TIMEOUT: Duration = Duration::from_secs(120);

/// How old the known queue length may be for a guess at `Retry-After`, and how many submissions
/// are worth a new look: at most one look for 20 tasks.
pub const QUEUE_LENGTH_AGE: Duration = Duration::from_secs(10);
/// See [`QUEUE_LENGTH_AGE`].
pub const QUEUE_LENGTH_SUBMISSIONS: u64 = 20;

/// The least and the most a client is told to wait between polls, in seconds.
pub const RETRY_AFTER_RANGE: std::ops::RangeInclusive<u64> = 1..=60;

/// Tasks in a page of a listing, at the most and unless the client says.
pub const MAX_TOP: usize = 1_000;
/// See [`MAX_TOP`].
pub const DEFAULT_TOP: usize = 100;

/// Records that a sweep changes side by side.
pub const WALK_CONCURRENCY: usize = 16;

/// How long a running attempt waits for its status to be written: it has a time limit to watch.
pub const SHOW_TIMEOUT: Duration = Duration::from_secs(5);

/// How soon a renewal that failed is tried again.
pub const RENEWAL_RETRY: Duration = Duration::from_secs(5);

/// How long a message is put off when storage did not let its attempt be finished.
pub const OUTAGE_DELAY: Duration = Duration::from_secs(15);

/// How long a message is put off whose record only a newer process understands.
pub const NEWER_DELAY: Duration = Duration::from_secs(15);

/// How much too early a delivery may come: the clocks of two machines, or of a machine and storage, differ.
pub const EARLY_BY: Duration = Duration::from_secs(1);

/// How soon and how late work may ask to be done in place of now: not at once, over and over, and not
/// never.
pub const SHORTEST_LATER: Duration = Duration::from_secs(1);
/// See [`SHORTEST_LATER`].
pub const LONGEST_LATER: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Submissions in one body, at the most.
pub const MAX_SUBMISSIONS: usize = 1_000;

/// How many of these are seen to side by side that take more than the write they share with others: their key was
/// used before, or storage failed.
pub const SEEN_TO_AT_ONCE: usize = 32;

/// How much longer storage may take for each of many than for one. A thousand have 70 seconds with the default
/// budget, so that an account which takes a second for each call gets through them; and their reply is there before
/// .NET's `HttpClient` gives up, see [`MAX_WAIT`].
pub const BUDGET_FOR_EACH: Duration = Duration::from_millis(60);

/// Labels of a task, at the most.
pub const MAX_LABELS: usize = 8;

/// The longest label, in characters. With [`MAX_LABELS`] that is half a kilobyte of the 8 KiB that a blob's
/// metadata have.
pub const LABEL_LENGTH: usize = 64;

/// How late the work of a task may begin by its client's wish: as late as work itself may ask for.
pub const LONGEST_DELAY: Duration = LONGEST_LATER;

/// How far ahead a process remembers when messages become due. Each sweep tells of those of the next hour again,
/// and has gone through three million records by then.
pub const DUE_AHEAD: Duration = Duration::from_secs(60 * 60);

/// For how long work may ask for another time without spending attempts.
pub const LATER_UNCOUNTED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long waiting work may go on when it was told to stop, to put things in order: little, because a
/// process that stops has [`RELEASE_TIME`] to give its messages back.
pub const STOP_GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_varies_by_a_quarter() {
        let wait = Duration::from_secs(8);
        let waits: Vec<_> = (0..50).map(|_| varied(wait)).collect();
        assert!(
            waits
                .iter()
                .all(|varied| *varied >= wait * 3 / 4 && *varied <= wait * 5 / 4)
        );
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }

    #[test]
    fn a_thousand_are_answered_before_their_client_gives_up() {
        let budget = Duration::from_secs(10) + BUDGET_FOR_EACH * 1_000;
        assert!(MAX_SUBMISSIONS == 1_000 && budget < MAX_WAIT && budget < ACCEPTING_TIMEOUT);
        // Two calls each, of a second, 32 at a time.
        assert!(budget > Duration::from_secs(2 * 1_000 / 32));
    }

    #[test]
    fn an_attempt_under_the_host_ends_before_its_process_does() {
        let before = SLOT_WAIT + SWEEP_BUDGET;
        assert!(before + HOSTED_TIME_LIMIT + STOP_GRACE + SHOW_TIMEOUT < FUNCTION_TIMEOUT);
        assert!(ATTEMPT_TIME_LIMIT <= HOSTED_TIME_LIMIT);
    }

    #[test]
    fn who_lives_leaves_a_sign_in_time() {
        let longest = SLOT_WAIT + RUNNING_AFTER + SHOW_TIMEOUT + LOST_AFTER;
        assert!(longest < SILENT_AT_MOST && SILENT_AT_MOST < SWEEP_INTERVAL * 2);
        let put_off = SHOW_PUT_OFF_AFTER + varied(*PUT_OFF_RANGE.end());
        assert!(longest + put_off < SILENT_AT_LIMIT && SILENT_AT_LIMIT < HIDDEN_AT_MOST);
        assert!(PROGRESS_INTERVAL + SHOW_TIMEOUT < ALIVE_FOR);
    }
}
