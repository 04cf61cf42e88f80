.PHONY: test

# test: installs what the tests need and runs everything; NAME="unit world" runs some of it
test:
	@bash config/make/test.sh $(NAME)
