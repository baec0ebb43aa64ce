"""A Scenario in, events out, exactly. A stair: each floor knows only those below it.

declared, contract             how a rule is declared; what is traded
formulas/                      pure functions of numbers: margins, prices, scores, shares
rules, events, happenings      what a run is told and what it tells
model, columns, quiet          a scenario; large books
books/                         who holds what, and every posting
queue/                         who is due, who is deleveraged first
waterfall/                     the stages, one after the other
loop                           step by step
"""
