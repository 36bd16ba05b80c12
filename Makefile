# Thin over the windtunnel command: `make up` is scripts/bootstrap, then `windtunnel up`.
# ENGINE, PORT, API_PORT, REGION, STACK, TEMPLATE and STACKS given on make's command line become its settings.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# only from the command line: a PORT or REGION that happens to be in the environment is not meant for us
define setting
ifeq ($$(origin $(1)),command line)
export WINDTUNNEL_$(1) := $$($(1))
endif
endef
$(foreach name,ENGINE PORT API_PORT REGION STACK TEMPLATE STACKS,$(eval $(call setting,$(name))))

windtunnel := .venv/bin/windtunnel
# as settings are, only from the command line: nothing in the environment pays, writes or passes options on
given = $(if $(findstring command,$(origin $(1))),--$(2) $(call quoted,$(1)))
quoted = '$(subst ','\'',$($(1)))'
# the flag $(2) where $(1) is given as 1 or yes; 0 and no are no, and anything else is neither
agreed = $(if $(findstring command,$(origin $(1))),$(call meant,$(1),$(2),$(strip $($(1)))))
meant = $(if $(filter 1 yes,$(3)),$(2),$(if $(filter-out 0 no,$(3)),$(error $(1)=$(3) is neither yes (1) nor no (0))))
ifeq (,$(findstring command,$(origin ARGS)))
override ARGS :=
endif
# ARGS='-k users -x' goes to pytest
pass = $(if $(ARGS),-- $(ARGS))

.PHONY: help setup up dev down status logs deploy e2e unit integration test lint check bench bench-dynamodb load load-ui smoke tune lock doctor clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9 -]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  with ENGINE=embedded|localstack|aws PORT=4566 API_PORT=4567 REGION=us-east-1 STACK=windtunnel STACKS=all, and ARGS='...' for pytest and logs"

setup: ## make the environments (in no time when nothing changed)
	@scripts/bootstrap

up: setup ## start the engine, deploy the stack, print how to reach it
	@$(windtunnel) up

dev: setup ## up, then serve what is saved, until Ctrl-C
	@$(windtunnel) up --watch

down: ## end what up started
	@if [ -x $(windtunnel) ]; then $(windtunnel) down $(ARGS); else echo "nothing is set up, so nothing is up"; fi

status: setup ## what is up, where, since when
	@$(windtunnel) status

logs: setup ## the functions' logs (ARGS=-f follows, ARGS=--engine-log is the engine's own)
	@$(windtunnel) logs $(ARGS)

deploy: setup ## deploy to the engine that is up; where none is, sam build && sam deploy to AWS
	@$(windtunnel) deploy

e2e: setup ## run the end-to-end tests against what is up; bring it up where it is not
	@$(windtunnel) e2e $(pass)

unit: setup ## run the unit tests
	@$(windtunnel) unit $(pass)

integration: setup ## run the integration tests, on an engine of their own
	@$(windtunnel) integration $(pass)

test: setup ## run every test: unit, integration, end to end
	@$(windtunnel) test $(pass)

lint: setup ## ruff and mypy --strict
	@$(windtunnel) lint

check: setup ## lint, unit and integration, offline
	@$(windtunnel) check

bench: setup ## measure windtunnel beside its peers (CASE=noop-8 PEER=ministack ROUNDS=3 SECONDS=8; WRITE=1 keeps it)
	@PYTHONPATH=scripts .venv/bin/python -m bench $(call given,CASE,case) $(call given,PEER,peer) \
	  $(call given,ROUNDS,rounds) $(call given,SECONDS,seconds) $(call agreed,WRITE,--write)

bench-dynamodb: setup ## DynamoDB by itself beside its peers (CASE=put,get,flat SERVER=windtunnel,dynamodb-local)
	@PYTHONPATH=scripts .venv/bin/python -m bench.dynamodb $(call given,CASE,case) $(call given,SERVER,server) \
	  $(call given,ROUNDS,rounds) $(call given,SECONDS,seconds)

smoke: setup ## check a deployed stage from outside (URL=https://… KEY=…; without them, what is up here)
	@scripts/smoke $(call given,URL,url) $(call given,KEY,key)

loading = $(call given,SCENARIO,scenario) $(call given,SHAPE,shape) $(call given,USERS,users) \
  $(call given,SECONDS,seconds) $(call given,WARMUP,warmup) $(call given,WORKERS,workers) \
  $(call given,REMOTE_WORKERS,remote-workers) $(call given,SLO,slo) $(call given,MAX_RATE,max-rate) \
  $(call agreed,YES,--yes-cost-money)
load: setup ## load the stack, end in a verdict and a report (SCENARIO=mixed SHAPE=steady USERS=20 SECONDS=60 WORKERS=1)
	@$(windtunnel) load $(loading) $(ARGS)

load-ui: setup ## the same from Locust's own web UI
	@$(windtunnel) load --ui $(loading) $(ARGS)

tune: setup ## try a function at several memory sizes (FUNCTION=create-user COUNT=20 SIZES=128,512 EVENT=event.json)
	@scripts/tune $(if $(findstring command,$(origin FUNCTION)),$(call quoted,FUNCTION)) $(call given,COUNT,count) \
	  $(call given,SIZES,sizes) $(call given,EVENT,event)

lock: setup ## renew the locks
	@$(windtunnel) lock

doctor: setup ## look at everything windtunnel needs
	@$(windtunnel) doctor

clean: ## end the engine and remove all that was made
	@if [ -x $(windtunnel) ]; then $(windtunnel) clean; else rm -rf .venv .windtunnel; fi
