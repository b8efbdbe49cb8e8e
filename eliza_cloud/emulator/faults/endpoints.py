"""`/emulator/faults`: script faults, see how often each was applied, remove them."""

from aiohttp import web

from eliza_cloud.emulator.control.calls import anything, body_of
from eliza_cloud.emulator.faults.plan import FAULTS, KINDS, Fault
from eliza_cloud.emulator.server import zod_issues as zod
from eliza_cloud.emulator.server.responses import api_error, json_response

routes = web.RouteTableDef()


def _shown(fault: Fault) -> dict[str, object]:
    return {
        "id": fault.id,
        "path": fault.path,
        "method": fault.method,
        "fault": fault.fault,
        "count": fault.count,
        "skip": fault.skip,
        "after": fault.after,
        "used": fault.used,
    }


@routes.post("/emulator/faults")
async def add_fault(request: web.Request) -> web.Response:
    """Script a fault for calls whose path matches the pattern; the answer's `id` names it."""
    body = await body_of(
        request,
        path=zod.string(1),
        fault=zod.one_of(*KINDS),
        method=zod.optional(zod.string(1)),
        seconds=zod.optional(zod.number(0)),
        status=zod.optional(zod.number(200, 599)),
        body=zod.optional(anything),
        headers=zod.optional(zod.record(zod.string())),
        location=zod.optional(zod.string(1)),
        count=zod.optional(zod.number(1)),
        skip=zod.optional(zod.number(0)),
        after=zod.optional(zod.boolean),
    )
    plan = request.app[FAULTS]
    # The keys are exactly the fault's own, each checked above.
    fault = Fault(id=plan.next_id(), **body)  # type: ignore[arg-type]  # checked one by one above
    if fault.method is not None:
        fault.method = fault.method.upper()
    plan.add(fault)
    return json_response({"success": True, "id": fault.id, "data": _shown(fault)}, 201)


@routes.get("/emulator/faults")
async def list_faults(request: web.Request) -> web.Response:
    """All scripted faults with the number of calls each was applied to."""
    return json_response({"success": True, "data": [_shown(fault) for fault in request.app[FAULTS].faults]})


@routes.delete("/emulator/faults")
@routes.delete("/emulator/faults/{fault_id}")
async def clear_faults(request: web.Request) -> web.Response:
    """Remove one fault, or all of them."""
    fault_id = request.match_info.get("fault_id")
    cleared = request.app[FAULTS].clear(fault_id)
    if fault_id is not None and not cleared:
        raise api_error(404, "There is no such fault.")
    return json_response({"success": True, "cleared": cleared})
