//! Random workflows and random orders of arrivals: a replay from the beginning sees what the first run
//! saw, wherever it is cut, and a journal of another workflow is told.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What a workflow does.
#[derive(Clone, Debug)]
enum Node {
    Call(u64),
    All(u64),
    Sleep(u64),
    Event(u8),
    /// Asks for an event and does not take it, if anything else comes to its end before.
    Spare(u8, Box<Node>),
    Id,
    InTurn(Vec<Node>),
    Join(Vec<Node>),
    Select(Box<Node>, Box<Node>),
    Anew,
    /// Waits for what is none of the flow's.
    Foreign,
}

/// Does it, and gives a number that everything it saw has a part in.
fn walk(flow: Flow, node: Node) -> BoxFuture<'static, u64> {
    Box::pin(async move {
        match node {
            Node::Call(input) => seen(flow.call(double(), &input).await),
            Node::All(members) => {
                let results = flow.all(double(), (0..members).collect()).await;
                results.into_iter().map(seen).fold(members, mixed)
            }
            Node::Sleep(seconds) => {
                flow.sleep(Duration::from_secs(seconds)).await;
                let passed = flow.now().duration_since(start()).unwrap();
                mixed(passed.as_secs(), flow.history_len() as u64)
            }
            Node::Event(name) => seen(flow.event(&event_name(name)).await),
            Node::Spare(name, node) => {
                let spare = flow.event::<u64>(&event_name(name));
                let walked = walk(flow, *node).await;
                drop(spare);
                walked
            }
            Node::Id => flow.new_id().bytes().map(u64::from).fold(0, mixed),
            Node::InTurn(nodes) => {
                let mut all = 0;
                for node in nodes {
                    all = mixed(all, walk(flow.clone(), node).await);
                    flow.set_status(all);
                }
                all
            }
            Node::Join(nodes) => {
                let walks = nodes.into_iter().map(|node| walk(flow.clone(), node));
                join_all(walks).await.into_iter().fold(1, mixed)
            }
            Node::Select(first, second) => {
                match select(walk(flow.clone(), *first), walk(flow, *second)).await {
                    Either::First(first) => mixed(2, first),
                    Either::Second(second) => mixed(3, second),
                }
            }
            Node::Anew => flow.continue_as_new(flow.history_len()).await.unwrap(),
            Node::Foreign => pending().await,
        }
    })
}

fn seen(result: Result<u64, StepError>) -> u64 {
    result.unwrap_or_else(|error| error.to_string().len() as u64)
}

fn mixed(all: u64, one: u64) -> u64 {
    (all ^ one).wrapping_mul(0x0100_0000_01b3).rotate_left(7)
}

fn event_name(name: u8) -> String {
    format!("event-{name}")
}

fn of(program: &Node) -> Replay {
    let program = program.clone();
    begun(0, move |flow, _| {
        let walk = walk(flow, program.clone());
        async move { Ok(json!(walk.await.to_string())) }
    })
}

fn step() -> impl Strategy<Value = Node> {
    prop_oneof![
        (0..3_u64).prop_map(Node::Call),
        (0..4_u64).prop_map(Node::All),
        (0..100_u64).prop_map(Node::Sleep),
    ]
}

fn program() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        6 => step(),
        3 => (0..2_u8).prop_map(Node::Event),
        1 => Just(Node::Id),
    ];
    let inner = leaf.prop_recursive(4, 32, 5, |node| {
        prop_oneof![
            3 => vec(node.clone(), 1..5).prop_map(Node::InTurn),
            2 => vec(node.clone(), 0..5).prop_map(Node::Join),
            2 => (node.clone(), node.clone())
                .prop_map(|(first, second)| Node::Select(first.into(), second.into())),
            1 => (0..2_u8, node).prop_map(|(name, node)| Node::Spare(name, node.into())),
        ]
    });
    (vec(inner, 1..6), prop::bool::weighted(0.2)).prop_map(|(mut nodes, goes_on)| {
        if goes_on {
            nodes.push(Node::Anew);
        }
        Node::InTurn(nodes)
    })
}

/// What arrives, kept as a journal does.
#[derive(Clone, Debug)]
struct Entry {
    after: u64,
    what: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    Step(u32, Arc<Command>, u64),
    Event(String, u64),
}

impl Entry {
    fn apply(&self, replay: &mut Replay) -> Result<(), NonDeterministic> {
        let at = start() + Duration::from_secs(self.after);
        let failure =
            |number: u64| StepError::new(ErrorCode::literal("Odd"), "?".repeat(number as usize));
        let given = |number: u64| match number % 4 {
            3 => Err(failure(number)),
            _ => Ok(raw(number)),
        };
        let result;
        let what = match &self.what {
            Kept::Event(name, data) => {
                result = raw(data);
                What::Event {
                    name,
                    data: &result,
                }
            }
            Kept::Step(step, command, number) => match &**command {
                Command::Call { name, .. } => {
                    result = raw(number);
                    What::Done {
                        step: *step,
                        name,
                        hash: command.hash(),
                        result: given(*number).map(|_| &*result),
                    }
                }
                Command::All { name, inputs } => What::AllDone {
                    step: *step,
                    name,
                    hash: command.hash(),
                    results: (0..inputs.len() as u64)
                        .map(|member| given(member + number))
                        .collect(),
                },
                Command::Timer { .. } => What::Fired { step: *step },
                Command::Event { name } => {
                    result = raw(number);
                    What::Event {
                        name,
                        data: &result,
                    }
                }
            },
        };
        replay.apply(Arrival { at, what })
    }
}

/// All that can be seen of a replay.
fn sight(replay: &Replay) -> String {
    let open = replay.open();
    let (progress, status) = (replay.progress(), replay.status());
    format!("{open:?} {progress:?} {status:?} {:?}", replay.buffered())
}

/// Lets happen what the choices say, to the end of the workflow or of the choices.
fn lived(program: &Node, choices: &[(Index, u64)]) -> (Vec<Entry>, Vec<String>) {
    let mut replay = of(program);
    let (mut journal, mut sights) = (Vec::new(), vec![sight(&replay)]);
    // Commands that were closed may come to their end all the same.
    let mut asked: BTreeMap<u32, (usize, Arc<Command>)> = BTreeMap::new();
    for (number, (index, given)) in choices.iter().enumerate() {
        for open in replay.open() {
            let known = asked.entry(open.step);
            let (by, command) = known.or_insert((number, Arc::clone(&open.command)));
            assert_eq!(*by, open.issued_by);
            assert_eq!(format!("{command:?}"), format!("{:?}", open.command));
        }
        if !matches!(replay.progress(), Progress::Waiting) {
            break;
        }
        let open = replay.open();
        let what = match index.index(open.len() + 2) {
            0 => Kept::Event(event_name((given % 2) as u8), *given),
            1 => {
                let late = asked.iter().nth(index.index(asked.len().max(1)));
                match late.map(|(step, (_, command))| (*step, Arc::clone(command))) {
                    Some((step, command)) => Kept::Step(step, command, *given),
                    None => continue,
                }
            }
            one => {
                let Open { step, command, .. } = open[one - 2].clone();
                Kept::Step(step, command, *given)
            }
        };
        let after = 10 * number as u64 + given % 30;
        let entry = Entry { after, what };
        entry.apply(&mut replay).unwrap();
        journal.push(entry);
        sights.push(sight(&replay));
    }
    (journal, sights)
}

fn choices(count: usize) -> impl Strategy<Value = Vec<(Index, u64)>> {
    vec((any::<Index>(), 0..50_u64), count)
}

/// Ends the first open step, over and over.
fn ended(program: &Node) -> Vec<Entry> {
    let mut replay = of(program);
    let mut journal = Vec::new();
    while let Some(Open { step, command, .. }) = replay.open().into_iter().next() {
        let what = Kept::Step(step, command, u64::from(step) * 4);
        let entry = Entry { after: 0, what };
        entry.apply(&mut replay).unwrap();
        journal.push(entry);
    }
    assert!(matches!(replay.progress(), Progress::Ended(Ok(_))));
    journal
}

/// Whether a workflow is told to be another than the one of the journal, at the latest by not having
/// ended after it.
fn is_told(program: &Node, journal: &[Entry]) -> bool {
    let mut replay = of(program);
    let refused = journal
        .iter()
        .any(|entry| entry.apply(&mut replay).is_err());
    refused || !matches!(replay.progress(), Progress::Ended(_))
}

/// What steps ask for, to be compared.
fn asks(steps: &[Node]) -> Vec<String> {
    let counts = |node: &&Node| !matches!(node, Node::All(0));
    let told = |node: &Node| match node {
        Node::Sleep(_) => "Sleep".to_owned(),
        node => format!("{node:?}"),
    };
    steps.iter().filter(counts).map(told).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_replay_from_the_beginning_sees_what_the_first_run_saw(
        program in program(),
        choices in choices(40),
    ) {
        let (journal, sights) = lived(&program, &choices);
        for cut in 0..=journal.len() {
            let mut cold = of(&program);
            for entry in &journal[..cut] {
                entry.apply(&mut cold).unwrap();
            }
            prop_assert_eq!(&sight(&cold), &sights[cut]);
        }
    }

    #[test]
    fn a_workflow_whose_steps_were_changed_is_told(
        steps in vec(step(), 1..8),
        change in 0..3_usize,
        at in any::<Index>(),
        other in step(),
    ) {
        let journal = ended(&Node::InTurn(steps.clone()));
        let mut changed = steps.clone();
        let at = at.index(steps.len());
        match change {
            0 => changed[at] = other,
            1 => changed.insert(at, other),
            _ => drop(changed.remove(at)),
        }
        let is_other = asks(&changed) != asks(&steps);
        prop_assert_eq!(is_told(&Node::InTurn(changed), &journal), is_other);
    }

    #[test]
    fn steps_in_another_order_are_told(steps in vec(step(), 2..6), at in any::<Index>()) {
        let journal = ended(&Node::Join(steps.clone()));
        let mut changed = steps.clone();
        changed.rotate_left(at.index(steps.len()));
        let is_other = asks(&changed) != asks(&steps);
        prop_assert_eq!(is_told(&Node::Join(changed), &journal), is_other);
    }

    #[test]
    fn a_foreign_wait_anywhere_is_told(
        steps in vec(step(), 1..6),
        at in any::<Index>(),
    ) {
        let journal = ended(&Node::InTurn(steps.clone()));
        let mut changed = steps.clone();
        let at = at.index(steps.len());
        changed.insert(at, Node::Foreign);
        let mut replay = of(&Node::InTurn(changed));
        for entry in &journal {
            if entry.apply(&mut replay).is_err() {
                break;
            }
        }
        prop_assert_eq!(broken(&replay), FOREIGN);
    }
}
