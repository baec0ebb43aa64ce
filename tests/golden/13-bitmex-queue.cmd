adlcalc run scenarios/13-bitmex-queue.yaml
