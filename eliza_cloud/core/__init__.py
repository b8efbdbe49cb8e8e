"""What may happen: states, events, effects and the tables that decide. Pure.

Theory of operation
===================

A link to Eliza Cloud is a state machine. This package says what the machine does and nothing about how
it is carried out. Everything here is a function of its arguments or plain data: no input or output, no
clock, no random numbers, no logging, no `async`, and no state of its own. What a function needs of the
world (the time, a random number, what somebody observed) is an argument; what it wants done to the world
is returned as data. So every decision can be tested without an event loop, searched exhaustively, drawn,
and replayed from a journal.

A step
------
`link.machine.LinkMachine.step` takes the state of one link (`link.state`), one event (`link.events`),
the wall clock and one random number. It returns the new state, a tuple of effects (`link.effects`), a
reply for whoever sent the event, and what became of it. The caller replaces the old state by the new one
and carries out the effects in their order; `runtime.loop` is the only place that does. The sign-in
(`login.machine`) has the same shape. Structs are frozen: a step never changes one, and a step that is
not taken leaves nothing behind.

Events are commands, in the imperative (`Connect`), or facts, in the past tense (`HeartbeatMissed`). A
fact that an activity observed carries the epoch that activity was started in, and one about the key the
generation of that key. A step begins by dropping an event whose number is not the present one: it is
`STALE`. This is the fence. Whatever was begun before a state was left cannot act after it, however late
its event arrives.

Effects are what is to be done: start an activity, write something down, answer somebody. `step` sorts
them. What ends something comes first, for it takes no time and writing does; answers come last, so that
whoever hears one finds everything done. The desired agent is written down before the step takes effect
at all.

Reading a table
---------------
`link.table.ROWS` is the whole behaviour. A row names an event, the states it applies in, and one of four
kinds (`statechart`):

    moves     leaves the state for another, or enters the same one again
    stays     changes data and keeps the state
    ignored   nothing happens, on purpose; `why` says for what reason
    refused   nothing changes, and the caller gets the error named

Rows are tried from top to bottom; the first one whose event, state and guard fit is taken. A guard
(`when=`, `link.guards`) reads the state and the event. Actions (`link.actions`) replace data and append
effects; they run in the order written, before the state is left. Leaving and entering a state have
actions of their own, which end and start the activities the state owns: no row does that. Every pair of
state and event has a row that applies. An event that finds none is a programming error and raises.

`transitions` runs the rows. Its model is not the link but a cursor that lives for one step
(`statechart.Cursor`); the machine is built once and serves any number of links. Its asynchronous
machine, its queue and its automatic transitions are not used (decisions: The state machine is
synchronous).

What is derived
---------------
Status, health, readiness and explanations (`views`) are functions of the state and the time. Nothing of
them is stored, so they cannot contradict each other. `problems` holds each problem once: its code, its
sentence and its remedy. `journal` holds what a step was given and what it came to; `journal.replay`
takes the steps again and names the first that comes to something else. Its events are stored by name:
renaming one is a change of format.

What belongs here
-----------------
A rule about when something happens; the meaning of a number; a sentence derived from the state. Not: a
call, a task, a timer, a file. It imports no other package of the project.
"""
